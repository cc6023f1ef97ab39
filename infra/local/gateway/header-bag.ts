/** Response headers as they are put together: names keep their spelling and compare without regard to case. */
export interface HeaderBag {
  get(name: string): string | string[] | undefined;
  set(name: string, value: string | string[]): void;
  add(name: string, value: string | string[]): void;
  remove(name: string): void;
  entries(): Iterable<[string, string | string[]]>;
}

export function createHeaderBag(): HeaderBag {
  const headers = new Map<string, [string, string | string[]]>();
  return {
    get: (name) => headers.get(name.toLowerCase())?.[1],
    set: (name, value) => {
      headers.set(name.toLowerCase(), [name, value]);
    },
    add: (name, value) => {
      const before = headers.get(name.toLowerCase());
      headers.set(name.toLowerCase(), [before?.[0] ?? name, before ? [before[1], value].flat() : value]);
    },
    remove: (name) => {
      headers.delete(name.toLowerCase());
    },
    entries: () => headers.values(),
  };
}
