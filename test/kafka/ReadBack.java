import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.util.RawValue;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads topics with Kafka's own consumer, read_committed, and decodes every value with Apache Avro.
 *
 * <p>java -cp 'lib/*' ReadBack.java BROKERS REGISTRY|-
 *
 * <p>Each line of stdin is "TOPIC SCHEMAS": a topic, and the topic that holds the schemas of values in Avro's single-object encoding
 * ("-" without one). The answer is a JSON line a record, in the order of the partitions and offsets, then an empty line. Anything that
 * Avro does not accept (an unknown schema, a wrong fingerprint, bytes left over) ends the program with a stack trace.
 */
public final class ReadBack {
  private static final ObjectMapper JSON = new ObjectMapper();
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final String registry;
  private final HttpClient http = HttpClient.newHttpClient();
  private final Map<Integer, Schema> byId = new HashMap<>();

  private ReadBack(String brokers, String registry) {
    this.registry = registry;
    this.consumer = new KafkaConsumer<>(
        Map.of("bootstrap.servers", brokers, "isolation.level", "read_committed", "enable.auto.commit", "false", "fetch.max.wait.ms", "20"),
        new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  public static void main(String[] args) throws Exception {
    ReadBack reader = new ReadBack(args[0], args[1]);
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = in.readLine()) != null; ) {
      String[] topics = line.split(" ");
      Map<String, Schema> schemas = topics[1].equals("-") ? Map.of() : reader.schemas(topics[1]);
      for (ConsumerRecord<byte[], byte[]> r : reader.records(topics[0])) {
        var node = JSON.createObjectNode().put("partition", r.partition()).put("offset", r.offset());
        node.put("key", r.key() == null ? null : new String(r.key(), StandardCharsets.UTF_8));
        node.putRawValue("value", new RawValue(r.value() == null ? "null" : reader.decode(r.value(), schemas).toString()));
        out.println(JSON.writeValueAsString(node));
      }
      out.println();
      out.flush();
    }
  }

  /** Everything committed in the topic, up to its end of now. */
  private List<ConsumerRecord<byte[], byte[]>> records(String topic) {
    List<TopicPartition> parts = new ArrayList<>();
    consumer.partitionsFor(topic).forEach(p -> parts.add(new TopicPartition(topic, p.partition())));
    parts.sort((a, b) -> a.partition() - b.partition());
    List<ConsumerRecord<byte[], byte[]>> all = new ArrayList<>();
    for (TopicPartition p : parts) {
      consumer.assign(List.of(p));
      consumer.seekToBeginning(List.of(p));
      long end = consumer.endOffsets(List.of(p)).get(p);
      while (consumer.position(p) < end) {
        consumer.poll(Duration.ofMillis(200)).forEach((Consumer<ConsumerRecord<byte[], byte[]>>) all::add);
      }
    }
    return all;
  }

  /** The schemas by the first eight bytes of hex that their key says, each checked against Avro's own fingerprint. */
  private Map<String, Schema> schemas(String topic) throws Exception {
    Map<String, Schema> found = new HashMap<>();
    for (ConsumerRecord<byte[], byte[]> r : records(topic)) {
      Schema schema = new Schema.Parser().parse(new String(r.value(), StandardCharsets.UTF_8));
      String print = HexFormat.of().formatHex(SchemaNormalization.parsingFingerprint("CRC-64-AVRO", schema));
      String key = new String(r.key(), StandardCharsets.UTF_8);
      if (!print.equals(key)) {
        throw new IllegalStateException("key " + key + " of the schemas topic, but Avro's fingerprint is " + print);
      }
      found.put(key, schema);
    }
    return found;
  }

  private Object decode(byte[] value, Map<String, Schema> schemas) throws Exception {
    if (value[0] == 0) {
      return body(value, 5, byId(ByteBuffer.wrap(value, 1, 4).getInt()));
    }
    Schema schema = schemas.get(HexFormat.of().formatHex(value, 2, 10));
    if (schema == null) {
      throw new IllegalStateException("no schema for a value that begins " + HexFormat.of().formatHex(value, 0, 10));
    }
    Object datum = body(value, 10, schema);
    if (!datum.equals(new BinaryMessageDecoder<>(GenericData.get(), schema).decode(value))) {
      throw new IllegalStateException("BinaryMessageDecoder reads another value than " + datum);
    }
    return datum;
  }

  private static Object body(byte[] value, int at, Schema schema) throws Exception {
    BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(value, at, value.length - at, null);
    Object datum = new GenericDatumReader<>(schema).read(null, decoder);
    if (!decoder.isEnd()) {
      throw new IllegalStateException("bytes left over after " + datum);
    }
    return datum;
  }

  private Schema byId(int id) throws Exception {
    if (!byId.containsKey(id)) {
      HttpRequest get = HttpRequest.newBuilder(URI.create(registry + "/schemas/ids/" + id)).build();
      String answer = http.send(get, HttpResponse.BodyHandlers.ofString()).body();
      byId.put(id, new Schema.Parser().parse(JSON.readTree(answer).get("schema").asText()));
    }
    return byId.get(id);
  }
}
