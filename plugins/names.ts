/** Each is a folder here, a file in dist/plugins and a plugin of Kong's; in the order in which they run. */
export const PLUGIN_NAMES = ['client-auth', 'lambda-invoke', 'kinesis-forward'] as const;
