using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Allocation;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Schema;
using Fairlead.Linux.Addresses;

namespace Fairlead.Offline;

/// <summary>
/// What the API server does with an object that is created, without the server: strict fields, defaults, addresses, validation. What it would refuse is a
/// problem here, at its line.
/// </summary>
internal sealed class ManifestGate(IReadOnlyList<IpNet> serviceRanges, SourceProblems problems, TimeProvider time)
{
    /// <summary>What a cluster writes and a manifest taken from one may hold; whoever applies it means none of it.</summary>
    private static readonly string[] Written = ["resourceVersion", "uid", "creationTimestamp", "generation", "managedFields", "selfLink"];

    // The same addresses for the same manifests, every time.
    private readonly ServiceAllocation _allocation = new(new ClusterRanges { Services = serviceRanges }, new Random(1));

    /// <summary>Completes the object in place; false, with a problem, when the API server would refuse it, or it is of a kind that it does not know.</summary>
    public bool Complete(ManifestObject item) =>
        KindTable.FindByKind(item.ApiVersion, item.Kind) is { } kind && Complete(kind, item.Document, path => item.At(path), item.Name);

    /// <summary>Makes a pod of a workload's template and completes it as one; problems are told at the template.</summary>
    /// <param name="item">The workload.</param>
    /// <param name="templatePath">Where its template stands: <c>spec.template</c>.</param>
    /// <param name="pod">The pod.</param>
    public bool CompletePod(ManifestObject item, string templatePath, JsonObject pod) =>
        Complete(KindTable.Find(ResourceTypes.Pods)!, pod, path => item.At($"{templatePath}.{path}"), item.Name);

    private bool Complete(KindDefinition kind, JsonObject document, Func<string, SourcePlace> at, string name)
    {
        var before = problems.All.Count;
        Strip(kind, document);
        Decode(kind, document, at, name);
        if (problems.All.Count > before)
        {
            return false;
        }

        var context = new WriteContext { Now = time.GetUtcNow() };
        kind.Default(document);
        kind.Prepare(document, null, context);
        var errors = new FieldErrors();
        if (kind.Type == ResourceTypes.Services)
        {
            using var reservation = _allocation.Prepare(document, null, context, errors);
            reservation.Commit();
        }

        errors.AddRange(kind.Validate(document, null, context));
        foreach (var error in errors.DistinctBy(error => error.ToString()))
        {
            problems.Add(at(error.Field), $"{name}: {error}");
        }

        return errors.IsEmpty;
    }

    private void Decode(KindDefinition kind, JsonObject document, Func<string, SourcePlace> at, string name)
    {
        if (SchemaCatalog.Default.Find(kind.Type) is not { } schema)
        {
            return;
        }

        // The decoder removes unknown fields, but their places stay known.
        var report = DocumentDecoder.Decode(schema, document);
        if (report.TypeError is { } fault)
        {
            problems.Add(at(fault[..Math.Max(0, fault.IndexOf(": ", StringComparison.Ordinal))]), $"{name}: {fault}");
        }

        foreach (var field in report.UnknownFields)
        {
            problems.Add(at(field), $"{name}: unknown field \"{field}\"");
        }
    }

    private static void Strip(KindDefinition kind, JsonObject document)
    {
        if (document.Object("metadata") is not { } metadata)
        {
            return;
        }

        foreach (var field in Written)
        {
            metadata.Remove(field);
        }

        if (kind.Type.Namespaced && metadata.Text("namespace").Length == 0)
        {
            metadata["namespace"] = "default";
        }

        if (metadata.Text("name").Length == 0 && metadata.Text("generateName") is { Length: > 0 } prefix)
        {
            metadata["name"] = $"{prefix}0";
        }

        // The cluster address of another cluster means nothing in this one.
        if (kind.Type == ResourceTypes.Services && document.Object("spec") is { } spec && spec.Text("clusterIP") is not "None")
        {
            spec.Remove("clusterIP");
            spec.Remove("clusterIPs");
        }
    }
}
