using Fairlead.ControlPlane.Protobuf;
using Fairlead.Kube.Schema;

namespace Fairlead.Tests.Schema;

public sealed class ProtobufMessagesTests
{
    [Theory]
    [InlineData("core.Pod")]
    [InlineData("core.Service")]
    [InlineData("core.Node")]
    [InlineData("core.Event")]
    [InlineData("apps.Deployment")]
    [InlineData("apps.ReplicaSet")]
    [InlineData("networking.Ingress")]
    [InlineData("networking.IngressClass")]
    [InlineData("networking.NetworkPolicy")]
    [InlineData("discovery.EndpointSlice")]
    [InlineData("coordination.Lease")]
    public void Every_field_that_protobuf_bodies_carry_is_a_field_of_the_schema(string root)
    {
        var schema = SchemaCatalog.Default.Types.Single(type => type.IsDocument && !type.IsList && ShortName(type) == root);
        Assert.Empty(Unknown(root, schema, []));
    }

    private static IEnumerable<string> Unknown(string message, ObjectSchema schema, HashSet<(string, ObjectSchema)> seen)
    {
        if (!seen.Add((message, schema)) || schema.IsOpen)
        {
            yield break;
        }

        foreach (var field in MessageTable.Default.Find(message)?.Values ?? [])
        {
            if (field.Mark == '^')
            {
                foreach (var name in Unknown(field.Type, schema, seen))
                {
                    yield return name;
                }
            }
            else if (schema.Field(field.Name) is not { } known)
            {
                yield return $"{message}.{field.Name}";
            }
            else if (known.Type.Leaf is { } leaf)
            {
                foreach (var name in Unknown(field.Type, leaf, seen))
                {
                    yield return name;
                }
            }
        }
    }

    private static string ShortName(ObjectSchema type) => $"{type.Package.Split('.')[^2]}.{type.Name}";
}
