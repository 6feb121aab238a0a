using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The values that volumes take where their documents say none.</summary>
internal static class VolumeDefaults
{
    private const int FileMode = 420;
    private const int TokenSeconds = 3600;

    public static void Apply(JsonObject volume)
    {
        if (volume.Count <= 1 && !volume.Any(pair => pair.Key != "name"))
        {
            volume["emptyDir"] = new JsonObject();
        }

        foreach (var name in (ReadOnlySpan<string>)["secret", "configMap", "downwardAPI", "projected"])
        {
            volume.Object(name)?.Fill("defaultMode", FileMode);
        }

        Fields(volume.List("downwardAPI", "items"));
        foreach (var (_, source) in volume.List("projected", "sources").Items())
        {
            source.Object("serviceAccountToken")?.Fill("expirationSeconds", TokenSeconds);
            Fields(source.List("downwardAPI", "items"));
        }

        volume.Object("hostPath")?.Fill("type", "");
        volume.Object("image")?.FillText("pullPolicy", ContainerDefaults.PullPolicy(volume.Text("image", "reference") ?? ""));
        volume.Object("ephemeral", "volumeClaimTemplate", "spec")?.FillText("volumeMode", "Filesystem");
    }

    private static void Fields(JsonArray? items)
    {
        foreach (var (_, item) in items.Items())
        {
            item.Object("fieldRef")?.FillText("apiVersion", "v1");
        }
    }
}
