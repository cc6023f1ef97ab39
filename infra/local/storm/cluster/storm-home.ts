import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { stringify } from 'yaml';
import { CLASS_PATH_FILE } from '../../../../storm/paths.ts';

export interface ClusterPorts {
  zookeeper: number;
  nimbus: number;
  supervisor: number;
  /** one a worker that may run at a time */
  slots: number[];
}

const HOST = '127.0.0.1';

/**
 * Lays out what the distribution of Storm would unpack, from Maven's artifacts: `conf/storm.yaml`, `log4j2/`,
 * `lib-worker/`, and ZooKeeper's configuration. Whatever an earlier cluster kept in `home` goes: how far was read is
 * in the analytics database.
 */
export function writeStormHome(home: string, ports: ClusterPorts): void {
  rmSync(home, { recursive: true, force: true });
  for (const folder of ['conf', 'log4j2', 'lib-worker', 'zookeeper', 'tmp'])
    mkdirSync(join(home, folder), { recursive: true });
  for (const jar of workerJars()) symlinkSync(jar, join(home, 'lib-worker', basename(jar)));
  for (const name of ['cluster', 'worker'])
    copyFileSync(join(import.meta.dirname, `${name}-log4j2.xml`), join(home, 'log4j2', `${name}.xml`));
  writeFileSync(join(home, 'conf', 'storm.yaml'), stringify(stormConf(home, ports)));
  writeFileSync(join(home, 'conf', 'zoo.cfg'), zooCfg(home, ports.zookeeper));
}

/** Storm's jars for the daemons. */
export function daemonJars(): string[] {
  return readFileSync(CLASS_PATH_FILE, 'utf8').trim().split(delimiter);
}

/**
 * What a worker gets: storm-client and what it needs. Maven lists a dependency's own before the next dependency of
 * pom.xml, so these are the jars before storm-server.
 */
function workerJars(): string[] {
  const jars = daemonJars();
  return jars.slice(
    0,
    jars.findIndex((jar) => basename(jar).startsWith('storm-server-')),
  );
}

/** Names from Storm's defaults.yaml. */
function stormConf(home: string, ports: ClusterPorts): Record<string, unknown> {
  return {
    'storm.zookeeper.servers': [HOST],
    'storm.zookeeper.port': ports.zookeeper,
    'nimbus.seeds': [HOST],
    'nimbus.thrift.port': ports.nimbus,
    'storm.local.hostname': HOST,
    'storm.local.dir': join(home, 'data'),
    'storm.log.dir': join(home, 'logs'),
    'storm.workers.artifacts.dir': join(home, 'logs', 'workers-artifacts'),
    'supervisor.slots.ports': ports.slots,
    'supervisor.thrift.port': ports.supervisor,
    // the default still has flags of Java 8's collectors
    'worker.childopts': '-Xmx%HEAP-MEM%m -XX:+UseSerialGC',
    'worker.heap.memory.mb': 512,
    'topology.worker.logwriter.childopts': '-Xmx64m -XX:+UseSerialGC',
    // one nimbus
    'storm.blobstore.replication.factor': 1,
    'topology.min.replication.count': 1,
  };
}

function zooCfg(home: string, port: number): string {
  const settings = {
    tickTime: 2_000,
    dataDir: join(home, 'zookeeper'),
    clientPort: port,
    clientPortAddress: HOST,
    'admin.enableServer': false,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
