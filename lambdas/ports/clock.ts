/** The time now. */
export type Clock = () => Date;
/** A new UUIDv7. */
export type NewId = () => string;
