/**
 * What deck.yaml takes from the environment and may be left unset: a Redis without logins, without TLS. Its user `default`
 * takes any password there. decK itself knows no defaults.
 */
export const DECK_DEFAULTS: Readonly<Record<string, string>> = {
  DECK_REDIS_USERNAME: 'default',
  DECK_REDIS_PASSWORD: 'none',
  DECK_REDIS_SSL: 'false',
};

/** `environment` for decK and for what reads its files: variables that are unset or empty have their defaults. */
export const withDeckDefaults = (
  environment: Record<string, string | undefined>,
): Record<string, string | undefined> => ({
  ...environment,
  ...Object.fromEntries(Object.entries(DECK_DEFAULTS).filter(([name]) => !environment[name])),
});
