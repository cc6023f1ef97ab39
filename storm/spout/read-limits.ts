/** What one reader of a shard asks of it at most. */
export interface ReadLimits {
  /** between two GetRecords */
  pollMs: number;
  bytesPerSecond: number;
}

/**
 * Kinesis gives each shard five GetRecords and 2 MB a second, over all who read it
 * (docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html); the odd 10 ms are for a timer that is early.
 */
const KINESIS: ReadLimits = { pollMs: 210, bytesPerSecond: 2_000_000 };

/**
 * PISTATS_POLL_MS asks a shard less often: for a stream that others read, too. More often only where it is not AWS's
 * Kinesis, and then its limits are not kept at all.
 */
export function readLimits(env: NodeJS.ProcessEnv): ReadLimits {
  const asked = Number(env.PISTATS_POLL_MS);
  if (!Number.isFinite(asked) || asked < 1) return KINESIS;
  if (asked >= KINESIS.pollMs) return { ...KINESIS, pollMs: asked };
  const elsewhere = env.AWS_ENDPOINT_URL_KINESIS ?? env.AWS_ENDPOINT_URL;
  return elsewhere && !isAws(elsewhere)
    ? { pollMs: asked, bytesPerSecond: Number.POSITIVE_INFINITY }
    : KINESIS;
}

/** A VPC endpoint is AWS's Kinesis as well. */
function isAws(endpoint: string): boolean {
  return /\.(amazonaws\.com(\.cn)?|api\.aws)$/.test(URL.parse(endpoint)?.hostname ?? '');
}
