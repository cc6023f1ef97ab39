-- What the planner is to think of tables that are still empty.
--
-- A table that was never analysed has no statistics: PostgreSQL then takes every column for equally selective, and an index
-- that shares only the client with a statement looks as good as the one that holds its whole key. A first release fills the
-- tables before autovacuum has looked at them, and each batch then reads all rows of its client. So the tables are analysed
-- once with rows of three clients in them, which go again: their statistics stay until there are true ones (an ANALYZE of an
-- empty table leaves them as they are).
DO $$
BEGIN
  INSERT INTO client (name) SELECT '-statistics-' || c FROM generate_series(1, 3) c;
  INSERT INTO property (client_id, name) SELECT '-statistics-' || c, 'p' || p
    FROM generate_series(1, 3) c, generate_series(1, 2) p;
  INSERT INTO app_user (client_id, id, external_id)
    SELECT '-statistics-' || c, gen_random_uuid(), CASE WHEN n % 2 = 0 THEN 'user-' || n END
    FROM generate_series(1, 3) c, generate_series(1, 400) n;
  INSERT INTO fact (client_id, id, type, source, time, data)
    SELECT client_id, id, 'pistats.registration.created', '/', now() - random() * interval '1 day', '{}' FROM app_user
    WHERE client_id LIKE '-statistics-_';
  INSERT INTO device (client_id, id, registration_id, property, installation_id, user_id, platform, address_kind,
      address_value, last_fact_id, created_at, updated_at)
    SELECT client_id, gen_random_uuid(), gen_random_uuid(), 'p' || 1 + (random() < 0.5)::int, gen_random_uuid(), id, 'web',
      'fcm_token', gen_random_uuid(), id, now(), now() FROM app_user
    WHERE client_id LIKE '-statistics-_';
  INSERT INTO topic (client_id, name) SELECT '-statistics-' || c, 'topic-' || t
    FROM generate_series(1, 3) c, generate_series(1, 20) t;
  INSERT INTO subscription (client_id, device_id, topic, state, mirror, updated_at)
    SELECT client_id, id, 'topic-' || t, 'joined', CASE WHEN random() < 0.9 THEN 'mirrored' ELSE 'pending' END, now()
    FROM device, generate_series(1, 2) t WHERE client_id LIKE '-statistics-_';
  INSERT INTO topic_leave (client_id, topic, address_value, updated_at)
    SELECT client_id, 'topic-1', address_value, now() FROM device WHERE client_id LIKE '-statistics-_';
  INSERT INTO idempotency (client_id, scope, key, fingerprint, response)
    SELECT client_id, 'POST /v1/registrations ' || installation_id, 'key:' || id, registration_id, '{}' FROM device
    WHERE client_id LIKE '-statistics-_';

  ANALYZE client, property, app_user, fact, device, topic, subscription, topic_leave, idempotency;

  DELETE FROM idempotency WHERE client_id LIKE '-statistics-_';
  DELETE FROM topic_leave WHERE client_id LIKE '-statistics-_';
  DELETE FROM subscription WHERE client_id LIKE '-statistics-_';
  DELETE FROM topic WHERE client_id LIKE '-statistics-_';
  DELETE FROM device WHERE client_id LIKE '-statistics-_';
  DELETE FROM fact WHERE client_id LIKE '-statistics-_';
  DELETE FROM app_user WHERE client_id LIKE '-statistics-_';
  DELETE FROM property WHERE client_id LIKE '-statistics-_';
  DELETE FROM client WHERE name LIKE '-statistics-_';
END
$$;
