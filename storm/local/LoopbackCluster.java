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
    public static void main(String[] args) throws Exception {
        File dir = Files.createTempDirectory("zookeeper").toFile();
        NIOServerCnxnFactory factory = new NIOServerCnxnFactory();
        factory.configure(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 100);
        factory.startup(new ZooKeeperServer(dir, dir, 2000));
        System.setProperty("storm.local.zookeeper", "127.0.0.1:" + factory.getLocalPort());
        LocalCluster.main(args);
    }
}
