using System.Text.Json.Nodes;
using Fairlead.Kube.Selectors;

namespace Fairlead.ControlPlane.Controllers;

/// <summary>Reads a workload's selector. Null for one that is malformed or empty: an empty selector must never adopt a whole namespace.</summary>
internal static class SelectorJsonReader
{
    public static LabelSelector? Read(JsonNode? selector)
    {
        try
        {
            return selector is JsonObject { Count: > 0 } document && LabelSelectorReader.Read(document) is { Requirements.Count: > 0 } read ? read : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
