-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "client" (
    "name" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'active',
    "identity_verification" TEXT NOT NULL DEFAULT 'off',
    "identity_secret" TEXT,
    "firebase_project" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "client_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "property" (
    "client_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "property_pkey" PRIMARY KEY ("client_id","name")
);

-- CreateTable
CREATE TABLE "app_user" (
    "client_id" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "external_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "app_user_pkey" PRIMARY KEY ("client_id","id")
);

-- CreateTable
CREATE TABLE "device" (
    "client_id" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "registration_id" UUID NOT NULL,
    "property" TEXT NOT NULL,
    "installation_id" TEXT NOT NULL,
    "user_id" UUID NOT NULL,
    "user_verified" BOOLEAN NOT NULL DEFAULT false,
    "platform" TEXT NOT NULL,
    "address_kind" TEXT,
    "address_value" TEXT,
    "address_state" TEXT NOT NULL DEFAULT 'live',
    "locale" TEXT,
    "time_zone" TEXT,
    "last_fact_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "device_pkey" PRIMARY KEY ("client_id","id")
);

-- CreateTable
CREATE TABLE "topic" (
    "client_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "topic_pkey" PRIMARY KEY ("client_id","name")
);

-- CreateTable
CREATE TABLE "subscription" (
    "client_id" TEXT NOT NULL,
    "device_id" UUID NOT NULL,
    "topic" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "mirror" TEXT NOT NULL DEFAULT 'pending',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "mirror_error" TEXT,
    "mirror_after" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "subscription_pkey" PRIMARY KEY ("client_id","device_id","topic")
);

-- CreateTable
CREATE TABLE "fact" (
    "client_id" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "type" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "subject" TEXT,
    "time" TIMESTAMPTZ(3) NOT NULL,
    "data" JSONB NOT NULL,

    CONSTRAINT "fact_pkey" PRIMARY KEY ("client_id","id")
);

-- CreateTable
CREATE TABLE "idempotency" (
    "client_id" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "response" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotency_pkey" PRIMARY KEY ("client_id","scope","key")
);

-- CreateIndex
CREATE UNIQUE INDEX "app_user_client_id_external_id_key" ON "app_user"("client_id", "external_id");

-- CreateIndex
CREATE INDEX "device_client_id_user_id_idx" ON "device"("client_id", "user_id");

-- CreateIndex
CREATE UNIQUE INDEX "device_client_id_registration_id_key" ON "device"("client_id", "registration_id");

-- CreateIndex
CREATE UNIQUE INDEX "device_client_id_property_installation_id_key" ON "device"("client_id", "property", "installation_id");

-- CreateIndex
CREATE INDEX "subscription_mirror_mirror_after_idx" ON "subscription"("mirror", "mirror_after");

-- CreateIndex
CREATE INDEX "fact_client_id_time_idx" ON "fact"("client_id", "time");

-- CreateIndex
CREATE INDEX "idempotency_created_at_idx" ON "idempotency"("created_at");

-- AddForeignKey
ALTER TABLE "property" ADD CONSTRAINT "property_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "client"("name") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "app_user" ADD CONSTRAINT "app_user_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "client"("name") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "device" ADD CONSTRAINT "device_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "client"("name") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "device" ADD CONSTRAINT "device_client_id_property_fkey" FOREIGN KEY ("client_id", "property") REFERENCES "property"("client_id", "name") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "device" ADD CONSTRAINT "device_client_id_user_id_fkey" FOREIGN KEY ("client_id", "user_id") REFERENCES "app_user"("client_id", "id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "device" ADD CONSTRAINT "device_client_id_last_fact_id_fkey" FOREIGN KEY ("client_id", "last_fact_id") REFERENCES "fact"("client_id", "id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "topic" ADD CONSTRAINT "topic_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "client"("name") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "subscription" ADD CONSTRAINT "subscription_client_id_device_id_fkey" FOREIGN KEY ("client_id", "device_id") REFERENCES "device"("client_id", "id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "subscription" ADD CONSTRAINT "subscription_client_id_topic_fkey" FOREIGN KEY ("client_id", "topic") REFERENCES "topic"("client_id", "name") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "fact" ADD CONSTRAINT "fact_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "client"("name") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "idempotency" ADD CONSTRAINT "idempotency_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "client"("name") ON DELETE RESTRICT ON UPDATE RESTRICT;


-- What Prisma's schema can't say.

ALTER TABLE "client" ADD CONSTRAINT "client_status" CHECK ("status" IN ('active', 'disabled')),
  ADD CONSTRAINT "client_identity_verification" CHECK ("identity_verification" IN ('off', 'required'));
ALTER TABLE "device" ADD CONSTRAINT "device_platform" CHECK ("platform" IN ('web', 'ios', 'android')),
  ADD CONSTRAINT "device_address" CHECK (("address_kind" IS NULL) = ("address_value" IS NULL)),
  ADD CONSTRAINT "device_address_kind" CHECK ("address_kind" IN ('fcm_token', 'fid', 'webpush')),
  ADD CONSTRAINT "device_address_state" CHECK ("address_state" IN ('live', 'dead'));
ALTER TABLE "subscription" ADD CONSTRAINT "subscription_state" CHECK ("state" IN ('joined', 'left')),
  ADD CONSTRAINT "subscription_mirror" CHECK ("mirror" IN ('pending', 'mirrored', 'failed', 'none'));

-- Tenancy. The functions log in as a member of pistats_writer: a batch mixes clients, and every statement of theirs
-- carries the client of the authorizer. Reads and erasure of one client run as pistats_reader, which sees that client
-- alone. Neither owns anything, and FORCE binds even the owner (superusers excepted, as PostgreSQL has it).
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pistats_writer') THEN
    CREATE ROLE pistats_writer NOLOGIN;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pistats_reader') THEN
    CREATE ROLE pistats_reader NOLOGIN;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL; -- another database of this server made them at the same moment
END
$$;

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['property', 'app_user', 'device', 'topic', 'subscription', 'fact', 'idempotency'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY writer ON %I TO pistats_writer USING (true) WITH CHECK (true)', t);
    EXECUTE format('CREATE POLICY owner ON %I TO CURRENT_USER USING (true) WITH CHECK (true)', t);
    EXECUTE format(
      'CREATE POLICY reader ON %I TO pistats_reader USING (client_id = current_setting(''pistats.client'', true))', t);
  END LOOP;
END
$$;
ALTER TABLE "client" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "client" FORCE ROW LEVEL SECURITY;
CREATE POLICY writer ON "client" FOR SELECT TO pistats_writer USING (true);
CREATE POLICY owner ON "client" TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY reader ON "client" FOR SELECT TO pistats_reader
  USING (name = current_setting('pistats.client', true));

GRANT USAGE ON SCHEMA public TO pistats_writer, pistats_reader;
GRANT SELECT ON "client", "property" TO pistats_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON "app_user", "device", "topic", "subscription", "fact", "idempotency"
  TO pistats_writer;
-- the identity secret stays out of reach of exports
GRANT SELECT ("name", "status", "identity_verification", "firebase_project", "created_at") ON "client" TO pistats_reader;
GRANT SELECT ON "property", "app_user", "device", "topic", "subscription", "fact" TO pistats_reader;
GRANT DELETE ON "app_user", "device", "subscription", "fact" TO pistats_reader;
