using System.Globalization;

namespace Fairlead.Offline;

/// <summary>A place in a file.</summary>
/// <param name="File">The file as it was named; <c>-</c> for standard input.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
internal sealed record SourcePlace(string File, int Line, int Column)
{
    /// <summary><c>FILE:LINE</c>, as compilers write it.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{File}:{Line}");
}
