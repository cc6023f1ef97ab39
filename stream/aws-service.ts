export interface AwsService {
  region: string;
  endpoint: URL;
}

/** Where a service is, by the variables that every AWS SDK reads. An empty variable is none. */
export function locateService(service: 'lambda' | 'kinesis', env = process.env): AwsService {
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION;
  if (!region) throw new Error('AWS_REGION is not set');
  const given = env[`AWS_ENDPOINT_URL_${service.toUpperCase()}`] || env.AWS_ENDPOINT_URL;
  // China's partition has a domain of its own
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return { region, endpoint: new URL(given || `https://${service}.${region}.${domain}`) };
}
