import java.lang.instrument.Instrumentation;
import java.lang.reflect.Field;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Set;

/**
 * Makes 127.0.0.1 what a JVM takes for "all interfaces". Nimbus, supervisors and workers listen on all of them without
 * asking for a password, and Storm has no setting for it: a cluster on one machine must not be there for its network.
 * A JVM in which that does not work does not start.
 */
public final class LoopbackAgent {
    public static void premain(String arguments, Instrumentation instrumentation) throws Exception {
        Module self = LoopbackAgent.class.getModule();
        instrumentation.redefineModule(
            InetAddress.class.getModule(), Set.of(), Map.of(), Map.of("java.net", Set.of(self)), Set.of(), Map.of());
        Object implementation = open(InetAddress.class, "impl").get(null);
        open(implementation.getClass(), "anyLocalAddress").set(implementation, InetAddress.getByName("127.0.0.1"));
        if (!new InetSocketAddress(0).getAddress().isLoopbackAddress())
            throw new IllegalStateException("this JVM would listen on every interface");
    }

    private static Field open(Class<?> type, String name) throws NoSuchFieldException {
        Field field = type.getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }
}
