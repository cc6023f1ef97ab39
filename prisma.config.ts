import { defineConfig } from 'prisma/config';

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  // `prisma generate` needs no database
  datasource: { url: process.env.DATABASE_URL ?? 'postgresql://127.0.0.1:1/registry' },
});
