using System.Text;
using CsCheck;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Protobuf;

namespace Fairlead.Tests.ControlPlane;

/// <summary>The wire is written here by hand, by the encoding's specification; real kubectl is tested in ClusterTests.</summary>
public sealed class ProtobufTests
{
    [Fact]
    public void A_document_is_read_with_maps_lists_bytes_and_times()
    {
        var metadata = Join(Text(1, "c"), Text(2, ""), Field(8, Number(1, 1_767_323_045)), Field(11, Join(Text(1, "app"), Text(2, "web"))), Text(14, "example.com/a"), Text(14, "example.com/b"));
        var document = ProtobufDocument.Read(Envelope("v1", "ConfigMap", Join(
            Field(1, metadata), Field(2, Join(Text(1, "key"), Text(2, "value"))), Field(2, Text(1, "empty")), Field(3, Join(Text(1, "raw"), Field(2, [1, 2]))), Number(4, 0))));
        Assert.Equal(
            """{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"c","creationTimestamp":"2026-01-02T03:04:05Z","labels":{"app":"web"},"finalizers":["example.com/a","example.com/b"]},"data":{"key":"value","empty":""},"binaryData":{"raw":"AQI="},"immutable":false}""",
            document.ToJsonString());
    }

    [Fact]
    public void Embedded_structs_are_inlined_quantities_and_ports_are_texts_or_numbers_and_zero_pointers_are_kept()
    {
        var probe = Join(Field(1, Field(2, Join(Text(1, "/"), Field(2, Join(Number(1, 1), Text(3, "http")))))), Number(2, 0), Number(7, 0));
        var container = Join(Text(1, "c"), Field(8, Field(1, Join(Text(1, "cpu"), Field(2, Text(1, "100m"))))), Field(10, probe));
        var template = Field(2, Field(2, container));
        var deployment = ProtobufDocument.Read(Envelope("apps/v1", "Deployment", Field(2, Join(Number(1, 0), Field(3, template), Number(5, 0)))));
        var spec = deployment.Object("spec")!;
        Assert.Equal(0, spec.Number("replicas"));
        Assert.False(spec.ContainsKey("minReadySeconds"));
        Assert.Equal(
            """{"name":"c","resources":{"limits":{"cpu":"100m"}},"livenessProbe":{"httpGet":{"path":"/","port":"http"},"terminationGracePeriodSeconds":0}}""",
            spec.List("template", "spec", "containers")![0]!.ToJsonString());
    }

    [Fact]
    public void What_is_no_document_is_refused()
    {
        foreach (var bytes in (byte[][])
        [
            [], "{}"u8.ToArray(), Envelope("v1", "Nothing", []), Envelope("v1", "ConfigMap", [0x0A, 0xFF, 0x01]), Envelope("v1", "ConfigMap", [0x0B]),
            Envelope("v1", "ConfigMap", [.. Enumerable.Repeat((byte)0xFF, 12)]),
        ])
        {
            Assert.Throws<FormatException>(() => ProtobufDocument.Read(bytes));
        }
    }

    [Fact]
    public void Any_bytes_are_read_or_refused() => Gen.Byte.Array[0, 200].Sample(
        bytes =>
        {
            try
            {
                ProtobufDocument.Read(Envelope("v1", "Pod", bytes));
            }
            catch (FormatException)
            {
                // The one way to refuse.
                return;
            }
        },
        iter: 5_000);

    private static byte[] Envelope(string apiVersion, string kind, byte[] raw) =>
        [.. "k8s\0"u8, .. Field(1, Join(Text(1, apiVersion), Text(2, kind))), .. Field(2, raw)];

    private static byte[] Join(params byte[][] parts) => [.. parts.SelectMany(part => part)];

    private static byte[] Text(int number, string text) => Field(number, Encoding.UTF8.GetBytes(text));

    private static byte[] Field(int number, byte[] content) => [.. Varint(((ulong)number << 3) | 2), .. Varint((ulong)content.Length), .. content];

    private static byte[] Number(int number, long value) => [.. Varint((ulong)number << 3), .. Varint((ulong)value)];

    private static IEnumerable<byte> Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            yield return (byte)(value | 0x80);
        }

        yield return (byte)value;
    }
}
