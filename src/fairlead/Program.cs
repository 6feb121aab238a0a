using Fairlead.Commands;
using Fairlead.Pods.Containers;
using Fairlead.Terminal;

// Every container starts with it: nothing else of the program is loaded for it.
if (args is [ContainerInit.Verb])
{
    return ContainerInit.Run();
}

// A container runtime executes the plugin by whatever name it was installed under; the environment says what it is (CNI specification §3).
if (Environment.GetEnvironmentVariable("CNI_COMMAND") is { Length: > 0 })
{
    return CniCommand.Run();
}

return await RootCommandFactory.RunAsync(args, new Output());
