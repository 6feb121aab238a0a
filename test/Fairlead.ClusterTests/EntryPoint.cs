using Fairlead.ClusterTests.Api;
using Fairlead.ClusterTests.ForeignNode;
using Fairlead.ClusterTests.OneMachine;

namespace Fairlead.ClusterTests;

/// <summary>
/// Runs the tests; or a control plane, for tests that kill it, <c>control-plane STATE-DIRECTORY KUBECONFIG</c>, and for nodes that have nothing of it
/// but an address, <c>foreign-control-plane DIRECTORY ADDRESS:PORT NODE…</c>; or another program on less of a kernel, <c>without-netfilter PROGRAM ARGUMENT…</c>.
/// </summary>
internal static class EntryPoint
{
    public static Task<int> Main(string[] args) => args switch
    {
        ["control-plane", var state, var kubeconfig] => ChildControlPlane.RunAsync(state, kubeconfig),
        ["foreign-control-plane", var directory, var address, .. var nodes] => ForeignControlPlane.RunAsync(directory, address, nodes),
        ["without-netfilter", .. var command] => Task.FromResult(WithoutNetfilter.Run(command)),
        _ => Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions),
    };
}
