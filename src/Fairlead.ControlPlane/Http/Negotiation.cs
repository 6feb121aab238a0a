using Fairlead.ControlPlane.Registry;

namespace Fairlead.ControlPlane.Http;

/// <summary>In what shape objects are answered.</summary>
internal enum Shape
{
    Object,
    Table,

    /// <summary>PartialObjectMetadata or its list: metadata only.</summary>
    Metadata,
}

/// <summary>The answer a client asked for: shape, and version of meta.k8s.io for the latter two. Answers are JSON.</summary>
internal sealed record Negotiation(Shape Shape, string MetaVersion)
{
    private static readonly Negotiation Plain = new(Shape.Object, "v1");

    /// <summary>Chooses the first media range that can be served; JSON when the client does not say.</summary>
    /// <exception cref="StatusException">406.</exception>
    public static Negotiation Of(string accept)
    {
        if (accept.Length == 0)
        {
            return Plain;
        }

        foreach (var range in MediaType.ParseAll(accept))
        {
            if (range.Type is "application/json" or "*/*" or "application/*" && Choose(range) is { } found)
            {
                return found;
            }
        }

        throw StatusException.NotAcceptable();
    }

    private static Negotiation? Choose(MediaType range)
    {
        Shape? shape = range["as"] switch
        {
            "" => Shape.Object,
            "Table" => Shape.Table,
            "PartialObjectMetadata" or "PartialObjectMetadataList" => Shape.Metadata,
            _ => null,
        };
        if (shape is null or Shape.Object)
        {
            return shape is null ? null : Plain;
        }

        var known = range["g"] == "meta.k8s.io" && range["v"] is "v1" or "v1beta1";
        return known ? new Negotiation(shape.Value, range["v"]) : null;
    }
}
