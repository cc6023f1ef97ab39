import java.io.File;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import org.apache.storm.LocalCluster;
import org.apache.storm.shade.org.apache.zookeeper.server.NIOServerCnxnFactory;
import org.apache.storm.shade.org.apache.zookeeper.server.ZooKeeperServer;

/**
 * Storm's LocalCluster with its ZooKeeper on the loopback interface. The one that LocalCluster starts itself listens
 * on every interface, and that can't be configured.
 */
public final class LoopbackCluster {
    /** Below the 20 s after which ZooKeeper gives up a session (storm.zookeeper.session.timeout). */
    private static final long MAX_PAUSE_MS = 15_000;

    public static void main(String[] args) throws Exception {
        File dir = Files.createTempDirectory("zookeeper").toFile();
        NIOServerCnxnFactory factory = new NIOServerCnxnFactory();
        factory.configure(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 100);
        factory.startup(new ZooKeeperServer(dir, dir, 2000));
        System.setProperty("storm.local.zookeeper", "127.0.0.1:" + factory.getLocalPort());
        endAfterPause();
        LocalCluster.main(args);
    }

    /**
     * A cluster that was stopped for longer (a machine that slept) finds its sessions expired and its tasks declared dead; local
     * mode then ends the worker and may start no other, for good. So the process ends, and whoever runs it starts it again.
     */
    private static void endAfterPause() {
        Thread watch = new Thread(() -> {
            // by the wall clock: the monotonic one stands still while a machine sleeps
            for (long last = System.currentTimeMillis(); ; last = System.currentTimeMillis()) {
                try {
                    Thread.sleep(1_000);
                } catch (InterruptedException e) {
                    return;
                }
                long paused = System.currentTimeMillis() - last;
                if (paused > MAX_PAUSE_MS) {
                    System.err.println("the cluster stood still for " + paused + " ms: it ends, to be started again");
                    Runtime.getRuntime().halt(1);
                }
            }
        }, "pause-watch");
        watch.setDaemon(true);
        watch.start();
    }
}
