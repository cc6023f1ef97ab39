/** An entity as Kong's Admin API shows it: flat, references as `{id}`, times in seconds since the epoch. */
export interface Entity {
  id: string;
  tags?: string[];
  created_at: number;
  updated_at: number;
  [field: string]: unknown;
}

/** Everything that is declared or was synced, before it is made ready to serve. */
export interface Entities {
  services: Entity[];
  routes: Entity[];
  consumers: Entity[];
  plugins: Entity[];
}
export type EntityKind = keyof Entities;

/** The id an entity refers to in `field`, if any. */
export function referenceOf(entity: Entity, field: string): string | undefined {
  return (entity[field] as { id?: string } | null | undefined)?.id;
}
