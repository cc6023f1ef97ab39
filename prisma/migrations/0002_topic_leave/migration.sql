-- CreateTable
CREATE TABLE "topic_leave" (
    "client_id" TEXT NOT NULL,
    "topic" TEXT NOT NULL,
    "address_value" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "mirror_error" TEXT,
    "mirror_after" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "topic_leave_pkey" PRIMARY KEY ("client_id","topic","address_value")
);

-- CreateIndex
CREATE INDEX "topic_leave_mirror_after_idx" ON "topic_leave"("mirror_after");

-- AddForeignKey
ALTER TABLE "topic_leave" ADD CONSTRAINT "topic_leave_client_id_topic_fkey" FOREIGN KEY ("client_id", "topic") REFERENCES "topic"("client_id", "name") ON DELETE RESTRICT ON UPDATE RESTRICT;


-- What Prisma's schema can't say.

-- Tenancy, as for every table of the first migration.
ALTER TABLE "topic_leave" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "topic_leave" FORCE ROW LEVEL SECURITY;
CREATE POLICY writer ON "topic_leave" TO pistats_writer USING (true) WITH CHECK (true);
CREATE POLICY owner ON "topic_leave" TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY reader ON "topic_leave" TO pistats_reader USING (client_id = current_setting('pistats.client', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON "topic_leave" TO pistats_writer;
GRANT SELECT ON "topic_leave" TO pistats_reader;
