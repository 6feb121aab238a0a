using Fairlead.Linux.Namespaces;

namespace Fairlead.Testing;

/// <summary>A network namespace without a name that goes with the test: nothing of it can stay behind.</summary>
public sealed class TestNetns : IDisposable
{
    public NetNamespace Namespace { get; } = NetNamespace.Create();

    /// <summary>Path by which another process or <c>nsenter --net=</c> can enter it while this object lives.</summary>
    public string Path => Namespace.Path;

    /// <summary>Runs code inside; sockets opened and processes started there stay inside.</summary>
    public T Run<T>(Func<T> body) => Namespace.Run(body);

    /// <summary>Runs code inside; sockets opened and processes started there stay inside.</summary>
    public void Run(Action body) => Namespace.Run(body);

    public void Dispose() => Namespace.Dispose();
}
