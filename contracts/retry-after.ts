/** Seconds as the header Retry-After has them: whole ones, at least one. What is no number is the shortest wait. */
export const retryAfter = (seconds: number): string => String(Math.max(1, Math.ceil(seconds) || 1));
