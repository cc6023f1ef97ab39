import type * as z from 'zod';

const KINDS: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};
const UNITS: Record<string, [one: string, many: string]> = {
  string: ['character', 'characters'],
  array: ['entry', 'entries'],
};

/**
 * What a value must be, in our own words, which stay the same whatever library checks it. It never repeats the value, which
 * may be a push address.
 */
export function sentenceOf(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be ${KINDS[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.join(', ')}`;
    case 'too_small':
      return `must ${amount('at least', Number(issue.minimum), issue.origin)}`;
    case 'too_big':
      return `must ${amount('at most', Number(issue.maximum), issue.origin)}`;
    case 'invalid_format':
      return issue.format === 'uuid' ? 'must be a UUID' : 'does not have the expected form';
    case 'unrecognized_keys':
      return 'is not a member that is known here';
    default:
      return 'does not have the expected shape';
  }
}

function amount(bound: string, count: number, origin: string): string {
  const unit = UNITS[origin];
  return unit ? `have ${bound} ${count} ${unit[count === 1 ? 0 : 1]}` : `be ${bound} ${count}`;
}
