using Fairlead.ClusterTests.Api;

namespace Fairlead.ClusterTests;

/// <summary>Runs the tests; or, for tests that kill it, a control plane: <c>control-plane STATE-DIRECTORY KUBECONFIG</c>.</summary>
internal static class EntryPoint
{
    public static Task<int> Main(string[] args) => args is ["control-plane", var state, var kubeconfig]
        ? ChildControlPlane.RunAsync(state, kubeconfig)
        : Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
}
