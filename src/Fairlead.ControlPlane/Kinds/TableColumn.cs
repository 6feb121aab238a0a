namespace Fairlead.ControlPlane.Kinds;

/// <summary>One column of a server-side Table (meta/v1 TableColumnDefinition).</summary>
/// <param name="Name">Heading as Kubernetes names it; kubectl prints it in capitals.</param>
/// <param name="Type">JSON type of the cells: <c>string</c> or <c>integer</c>.</param>
/// <param name="Format">OpenAPI format: <c>name</c> for the name column, else empty.</param>
/// <param name="Description">What the column shows.</param>
/// <param name="Priority">0 always shown; 1 shown by <c>-o wide</c> only.</param>
public sealed record TableColumn(string Name, string Type = "string", string Format = "", string Description = "", int Priority = 0)
{
    /// <summary>The column every table begins with.</summary>
    public static TableColumn ObjectName { get; } = new("Name", Format: "name", Description: "Name of the object, unique within its namespace.");

    /// <summary>The column most tables end with.</summary>
    public static TableColumn Age { get; } = new("Age", Description: "Time since the object was created.");

    /// <summary>A column that only <c>-o wide</c> shows.</summary>
    public static TableColumn Wide(string name, string description) => new(name, Description: description, Priority: 1);
}
