import { delimiter, dirname, join } from 'node:path';
import { TOPOLOGY_JAR } from '../../../../storm/paths.ts';
import { LOOPBACK_AGENT } from '../paths.ts';
import { daemonJars } from './storm-home.ts';

/** How a JVM of the cluster is started: `java` with `args`. */
export interface JavaCommand {
  command: 'java';
  args: string[];
}

const DAEMONS = {
  zookeeper: { main: 'org.apache.storm.shade.org.apache.zookeeper.server.ZooKeeperServerMain', heap: 128 },
  nimbus: { main: 'org.apache.storm.daemon.nimbus.Nimbus', heap: 256 },
  supervisor: { main: 'org.apache.storm.daemon.supervisor.Supervisor', heap: 256 },
} as const;
export type Daemon = keyof typeof DAEMONS;

export function daemonCommand(home: string, daemon: Daemon): JavaCommand {
  const { main, heap } = DAEMONS[daemon];
  const args = daemon === 'zookeeper' ? [join(home, 'conf', 'zoo.cfg')] : [];
  return java(home, daemon, heap, [join(home, 'conf'), ...daemonJars()], [main, ...args]);
}

/** Flux submits the topology to the nimbus that conf/storm.yaml names. */
export function submitCommand(home: string, topologyFile: string): JavaCommand {
  const flux = ['org.apache.storm.flux.Flux', '-e', topologyFile];
  return java(home, 'submit', 256, [TOPOLOGY_JAR, join(home, 'conf'), ...daemonJars()], flux);
}

function java(home: string, name: string, heapMb: number, classPath: string[], main: string[]): JavaCommand {
  const properties = {
    'storm.home': home,
    'storm.log.dir': join(home, 'logs'),
    'storm.jar': TOPOLOGY_JAR,
    'daemon.name': name,
    'java.io.tmpdir': join(home, 'tmp'),
    'log4j2.configurationFile': join(home, 'log4j2', 'cluster.xml'),
  };
  return {
    command: 'java',
    args: [
      `-Xmx${heapMb}m`,
      '-XX:+UseSerialGC',
      ...Object.entries(properties).map(([key, value]) => `-D${key}=${value}`),
      ...['-cp', classPath.join(delimiter), ...main],
    ],
  };
}

/**
 * The environment of the daemons. A supervisor hands its own to its workers, and they to the components: this is how
 * ANALYTICS_URL and AWS's credentials get there without being in the topology, which nimbus, ZooKeeper and Storm's UI
 * would show.
 */
export function clusterEnv(
  env: Record<string, string | undefined>,
  own: NodeJS.ProcessEnv = process.env,
): Record<string, string | undefined> {
  return {
    ...env,
    // in every JVM, workers and what writes their logs included
    JAVA_TOOL_OPTIONS: [own.JAVA_TOOL_OPTIONS, `-javaagent:"${LOOPBACK_AGENT}"`].filter(Boolean).join(' '),
    // topology.yaml says "node": the components run on the Node that runs this
    PATH: [dirname(process.execPath), own.PATH].filter(Boolean).join(delimiter),
  };
}
