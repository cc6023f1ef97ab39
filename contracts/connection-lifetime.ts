/**
 * Seconds that a pool keeps a connection to PostgreSQL. A "smart" shutdown lets nobody in and waits for everybody to leave:
 * without it the server would wait for ever, and so would all who come. A failover or another address is followed, too.
 */
export const CONNECTION_LIFETIME_S = 30;
