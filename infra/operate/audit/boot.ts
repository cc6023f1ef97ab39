/** One start of one producer; within it n counts from 1. */
export interface Boot {
  producer: string;
  boot: string;
}

/** A producer's name holds no blank (contracts/stamped-event.ts). */
export const bootKey = ({ producer, boot }: Boot) => `${producer} ${boot.toLowerCase()}`;

export function parseBootKey(key: string): Boot {
  const [producer = '', boot = ''] = key.split(' ');
  return { producer, boot };
}
