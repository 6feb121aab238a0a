namespace Fairlead.Kube;

/// <summary>
/// The version of Kubernetes that our API server and nodes say they speak. kubectl warns when its own minor version differs by more than one;
/// 33 is silent for kubectl 1.32 (Debian's and ours), 1.33 and 1.34.
/// </summary>
public static class KubernetesVersion
{
    /// <summary>The minor version.</summary>
    public const string Minor = "33";

    /// <summary>The version as nodes report it, such as <c>v1.33.0</c>.</summary>
    public const string Text = "v1." + Minor + ".0";
}
