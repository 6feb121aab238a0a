using Fairlead.Commands;
using Fairlead.Terminal;

// A container runtime executes the plugin by whatever name it was installed under; the environment says what it is (CNI specification §3).
if (Environment.GetEnvironmentVariable("CNI_COMMAND") is { Length: > 0 })
{
    return await CniCommand.RunAsync(CancellationToken.None);
}

return await RootCommandFactory.RunAsync(args, new Output());
