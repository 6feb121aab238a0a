namespace Fairlead.Composition;

/// <summary>What a node agent is told.</summary>
internal sealed record AgentOptions
{
    /// <summary>How to reach the API server.</summary>
    public required string Kubeconfig { get; init; }

    /// <summary>The node's name.</summary>
    public required string NodeName { get; init; }

    /// <summary>Where plugins go.</summary>
    public required string CniBinDirectory { get; init; }

    /// <summary>Where configurations go.</summary>
    public required string CniConfDirectory { get; init; }

    /// <summary>Where the agent's state is.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>The plugin's way to the agent.</summary>
    public required string Socket { get; init; }

    /// <summary>Pods leave with the node's address.</summary>
    public bool Masquerade { get; init; }
}
