import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { consumerId } from '../../contracts/consumer-id.ts';

/** A small deck.yaml whose comments, quoting and flow lists an edit must leave as they are. */
export const DECK = `# The gateway, declared.
_format_version: "3.0"
_info:
  select_tags: [pistats]

services:
  - name: query
    plugins:
      - name: rate-limiting
        config:
          redis:
            host: \${{ env "DECK_REDIS_HOST" }} # differs between places
          body: '{"type":"urn:pistats:problem:unavailable","title":"A part of the service is unavailable; try again later","status":503}'

# One consumer a client.
consumers:
  - username: acme # the first
    id: ${consumerId('acme')}
    tags:
      # issued in spring
      - key:pk:nZFXfLs9qv9PxvyCYOINqd82MfIOQ-X0mlDTrB75ZHU:-
      - origin:www.acme.example
  - username: gone
    id: ${consumerId('gone')}
    tags: [disabled]
`;

/** Writes a deck file into a test's folder and gives its path and a way to read it again. */
export function deckFixture(folder: string, text = DECK): { path: string; read: () => string } {
  const path = join(folder, 'deck.yaml');
  writeFileSync(path, text);
  return { path, read: () => readFileSync(path, 'utf8') };
}

/** The lines that `after` has and `before` has not, and the other way round. */
export function changedLines(before: string, after: string): { added: string[]; removed: string[] } {
  const [old, fresh] = [before.split('\n'), after.split('\n')];
  return {
    added: fresh.filter((line) => !old.includes(line)),
    removed: old.filter((line) => !fresh.includes(line)),
  };
}
