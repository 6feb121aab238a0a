namespace Fairlead.Kube.Schema;

/// <summary>What was wrong with a document by its schema.</summary>
/// <param name="UnknownFields">Paths of fields that the schema does not have, such as <c>spec.ports[0].prot</c>; they were removed.</param>
/// <param name="TypeError">The first value of a wrong type, as Kubernetes phrases it; null when there is none.</param>
public sealed record DecodeReport(IReadOnlyList<string> UnknownFields, string? TypeError)
{
    /// <summary>The faults that <c>fieldValidation</c> is about: unknown fields, then fields written twice.</summary>
    public IEnumerable<string> StrictErrors(IEnumerable<string> duplicates) =>
        UnknownFields.Select(path => $"unknown field \"{path}\"").Concat(duplicates.Select(path => $"duplicate field \"{path}\""));
}
