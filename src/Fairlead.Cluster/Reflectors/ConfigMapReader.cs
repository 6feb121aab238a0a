using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Documents;

namespace Fairlead.Cluster.Reflectors;

/// <summary>Reads ConfigMaps.</summary>
internal static class ConfigMapReader
{
    public static ConfigMapRow Read(JsonObject document) => new()
    {
        Key = document.Key(),
        Uid = document.Text("metadata", "uid"),
        ResourceVersion = document.Text("metadata", "resourceVersion"),
        Data = (document["data"] as JsonObject ?? []).ToDictionary(pair => pair.Key, pair => document.Text("data", pair.Key)),
    };
}
