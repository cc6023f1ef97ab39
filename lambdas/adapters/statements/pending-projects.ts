import { Prisma } from '../../generated/prisma/client.ts';

/** Firebase projects for which rows are pending: one step in the index each, however many rows they have. */
export const pendingProjects = () => Prisma.sql`
  WITH RECURSIVE found(name) AS (
    (SELECT firebase_project FROM topic_mirror WHERE state = 'pending' ORDER BY firebase_project LIMIT 1)
    UNION ALL
    SELECT (SELECT firebase_project FROM topic_mirror
      WHERE state = 'pending' AND firebase_project > found.name ORDER BY firebase_project LIMIT 1)
    FROM found WHERE found.name IS NOT NULL
  )
  SELECT name FROM found WHERE name IS NOT NULL`;
