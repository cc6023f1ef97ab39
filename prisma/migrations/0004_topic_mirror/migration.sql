-- CreateTable
CREATE TABLE "topic_mirror" (
    "client_id" TEXT NOT NULL,
    "address_value" TEXT NOT NULL,
    "topic" TEXT NOT NULL,
    "firebase_project" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'pending',
    "sent" BOOLEAN NOT NULL DEFAULT false,
    "version" INTEGER NOT NULL DEFAULT 0,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "error" TEXT,
    "changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "due_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "leased_until" TIMESTAMPTZ(3),

    CONSTRAINT "topic_mirror_pkey" PRIMARY KEY ("client_id","address_value","topic","firebase_project")
);

-- CreateIndex
CREATE INDEX "topic_mirror_state_firebase_project_due_at_idx" ON "topic_mirror"("state", "firebase_project", "due_at");

-- AddForeignKey
ALTER TABLE "topic_mirror" ADD CONSTRAINT "topic_mirror_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "client"("name") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- CreateIndex
CREATE INDEX "device_address_value_idx" ON "device" USING HASH ("address_value");

-- CreateIndex
CREATE INDEX "device_client_id_last_fact_id_idx" ON "device"("client_id", "last_fact_id");

-- CreateIndex
CREATE INDEX "subscription_client_id_topic_idx" ON "subscription"("client_id", "topic");


-- What Prisma's schema can't say.

ALTER TABLE "topic_mirror" ADD CONSTRAINT "topic_mirror_state" CHECK ("state" IN ('pending', 'mirrored', 'none'));

-- Tenancy, as for every table of the first migration.
ALTER TABLE "topic_mirror" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "topic_mirror" FORCE ROW LEVEL SECURITY;
CREATE POLICY writer ON "topic_mirror" TO pistats_writer USING (true) WITH CHECK (true);
CREATE POLICY owner ON "topic_mirror" TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY reader ON "topic_mirror" TO pistats_reader USING (client_id = current_setting('pistats.client', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON "topic_mirror" TO pistats_writer;
GRANT SELECT ON "topic_mirror" TO pistats_reader;

-- Whatever changes what FCM should have marks it here, whoever changes it: the functions, an erasure, an operator. Each row
-- is looked at anew by the reconcile function, which compares it with devices and subscriptions as they are then. The
-- functions run as their owner: who may erase a device need not be able to write here.
--
-- They are triggers, because a query of theirs sees what others committed while the statement waited for a lock: two that
-- change a device's address and its topics at once, in two statements, would each miss the other's half.

CREATE FUNCTION subscriptions_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  WITH reached AS (
    SELECT d.client_id, d.id, d.address_value FROM device d
      JOIN (SELECT DISTINCT client_id, device_id FROM changed) c ON c.client_id = d.client_id AND c.device_id = d.id
    WHERE d.address_kind = 'fcm_token' AND d.address_state = 'live'
    ORDER BY d.client_id, d.id
    FOR SHARE OF d
  )
  INSERT INTO topic_mirror AS m (client_id, address_value, topic, firebase_project)
    SELECT DISTINCT r.client_id, r.address_value, s.topic, coalesce(c.firebase_project, '')
    FROM reached r
      JOIN changed s ON s.client_id = r.client_id AND s.device_id = r.id
      JOIN client c ON c.name = r.client_id
    ORDER BY 1, 2, 3, 4
  ON CONFLICT (client_id, address_value, topic, firebase_project) DO UPDATE
    SET state = 'pending', version = m.version + 1, attempts = 0, error = NULL, changed_at = now(), due_at = now();
  RETURN NULL;
END
$$;
CREATE TRIGGER subscriptions_made AFTER INSERT ON "subscription"
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION subscriptions_changed();
CREATE TRIGGER subscriptions_changed AFTER UPDATE ON "subscription"
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION subscriptions_changed();
CREATE TRIGGER subscriptions_gone AFTER DELETE ON "subscription"
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION subscriptions_changed();

CREATE FUNCTION device_address_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  -- another device may have the address as well: that is seen when it is looked at
  IF OLD.address_kind = 'fcm_token' THEN
    UPDATE topic_mirror
      SET state = 'pending', version = version + 1, attempts = 0, error = NULL, changed_at = now(), due_at = now()
      WHERE client_id = OLD.client_id AND address_value = OLD.address_value;
  END IF;
  IF TG_OP = 'UPDATE' AND NEW.address_kind = 'fcm_token' AND NEW.address_state = 'live' THEN
    INSERT INTO topic_mirror AS m (client_id, address_value, topic, firebase_project)
      SELECT s.client_id, NEW.address_value, s.topic, coalesce(c.firebase_project, '')
      FROM subscription s JOIN client c ON c.name = s.client_id
      WHERE s.client_id = NEW.client_id AND s.device_id = NEW.id AND s.state = 'joined'
      ORDER BY s.topic
    ON CONFLICT (client_id, address_value, topic, firebase_project) DO UPDATE
      SET state = 'pending', version = m.version + 1, attempts = 0, error = NULL, changed_at = now(), due_at = now();
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER device_address_changed AFTER UPDATE ON "device" FOR EACH ROW
  WHEN ((OLD.address_kind, OLD.address_value, OLD.address_state)
    IS DISTINCT FROM (NEW.address_kind, NEW.address_value, NEW.address_state))
  EXECUTE FUNCTION device_address_changed();
CREATE TRIGGER device_address_gone AFTER DELETE ON "device" FOR EACH ROW
  WHEN (OLD.address_kind = 'fcm_token') EXECUTE FUNCTION device_address_changed();

CREATE FUNCTION client_project_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  UPDATE topic_mirror
    SET state = 'pending', version = version + 1, attempts = 0, error = NULL, changed_at = now(), due_at = now()
    WHERE client_id = NEW.name;
  RETURN NULL;
END
$$;
CREATE TRIGGER client_project_changed AFTER UPDATE ON "client" FOR EACH ROW
  WHEN (OLD.firebase_project IS DISTINCT FROM NEW.firebase_project) EXECUTE FUNCTION client_project_changed();

-- What was known until now. Where two devices share an address, one's leave has taken the other out: they are looked at
-- again, as is all that had been given up.
INSERT INTO topic_mirror (client_id, address_value, topic, firebase_project, state, sent, changed_at)
  SELECT s.client_id, d.address_value, s.topic, coalesce(c.firebase_project, ''),
    CASE WHEN bool_and(s.mirror = 'mirrored' AND s.state = 'joined') THEN 'mirrored' ELSE 'pending' END,
    bool_or(s.mirror <> 'none'), max(s.updated_at)
  FROM subscription s
    JOIN device d ON d.client_id = s.client_id AND d.id = s.device_id
    JOIN client c ON c.name = s.client_id
  WHERE d.address_kind = 'fcm_token' AND d.address_state = 'live'
  GROUP BY 1, 2, 3, 4
  HAVING NOT bool_and(s.mirror = 'mirrored' AND s.state = 'left');
INSERT INTO topic_mirror (client_id, address_value, topic, firebase_project, sent, changed_at)
  SELECT l.client_id, l.address_value, l.topic, coalesce(c.firebase_project, ''), true, l.updated_at
  FROM topic_leave l JOIN client c ON c.name = l.client_id
ON CONFLICT (client_id, address_value, topic, firebase_project) DO UPDATE SET state = 'pending', sent = true;

DROP TABLE "topic_leave";
DROP INDEX "subscription_mirror_mirror_after_idx";
ALTER TABLE "subscription" DROP COLUMN "mirror", DROP COLUMN "attempts", DROP COLUMN "mirror_error",
  DROP COLUMN "mirror_after";

-- What the planner is to think of tables that are still empty, as in migration 0003, whose work is undone for tables that get
-- an index here: making one counts their rows, and there are none. The triggers fill topic_mirror.
DO $$
BEGIN
  INSERT INTO client (name, firebase_project) SELECT '-statistics-' || c, 'project-' || c FROM generate_series(1, 3) c;
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
  INSERT INTO subscription (client_id, device_id, topic, state, updated_at)
    SELECT client_id, id, 'topic-' || t, 'joined', now()
    FROM device, generate_series(1, 2) t WHERE client_id LIKE '-statistics-_';
  UPDATE topic_mirror SET state = 'mirrored' WHERE client_id LIKE '-statistics-_' AND random() < 0.9;
  INSERT INTO idempotency (client_id, scope, key, fingerprint, response)
    SELECT client_id, 'POST /v1/registrations ' || installation_id, 'key:' || id, registration_id, '{}' FROM device
    WHERE client_id LIKE '-statistics-_';

  ANALYZE client, property, app_user, fact, device, topic, subscription, topic_mirror, idempotency;

  DELETE FROM idempotency WHERE client_id LIKE '-statistics-_';
  DELETE FROM subscription WHERE client_id LIKE '-statistics-_';
  DELETE FROM topic WHERE client_id LIKE '-statistics-_';
  DELETE FROM device WHERE client_id LIKE '-statistics-_';
  DELETE FROM topic_mirror WHERE client_id LIKE '-statistics-_';
  DELETE FROM fact WHERE client_id LIKE '-statistics-_';
  DELETE FROM app_user WHERE client_id LIKE '-statistics-_';
  DELETE FROM property WHERE client_id LIKE '-statistics-_';
  DELETE FROM client WHERE name LIKE '-statistics-_';
END
$$;
