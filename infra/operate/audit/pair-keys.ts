/** Names a fact and its event alike: of which client, and its id in small letters. */
export interface Key {
  client_id: string;
  id: string;
}

/** Pairs two sequences that are sorted by client and id, both by code unit; reads each as it goes. */
export async function* pairKeys<A extends Key, B extends Key>(
  left: AsyncIterator<A>,
  right: AsyncIterator<B>,
): AsyncGenerator<{ left?: A; right?: B }> {
  let a = await left.next();
  let b = await right.next();
  while (!a.done || !b.done) {
    const order = a.done ? 1 : b.done ? -1 : compareKeys(a.value, b.value);
    const pair = {
      ...(order <= 0 && !a.done ? { left: a.value } : {}),
      ...(order >= 0 && !b.done ? { right: b.value } : {}),
    };
    yield pair;
    if (pair.left) a = await left.next();
    if (pair.right) b = await right.next();
  }
}

function compareKeys(a: Key, b: Key): number {
  if (a.client_id !== b.client_id) return a.client_id < b.client_id ? -1 : 1;
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1;
}
