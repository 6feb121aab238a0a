using System.Text;
using Fairlead.Ingress;
using Fairlead.Serving;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Tests.Serving;

public sealed class IngressPagesTests
{
    private readonly IngressTables _tables = new();

    [Theory]
    [InlineData("/healthz", 200, "ok")]
    [InlineData("/metrics", 200, "")]
    [InlineData("/nothing", 404, "see /metrics, /healthz and /readyz\n")]
    public async Task Each_page_answers(string path, int code, string text) => Assert.Equal((code, text), await AskAsync(path));

    [Fact]
    public async Task It_is_ready_once_the_Ingresses_are_known()
    {
        Assert.Equal((503, "the cluster's Ingresses are not known yet\n"), await AskAsync("/readyz"));
        _tables.Served.MarkInitialized();
        Assert.Equal((200, "ok"), await AskAsync("/readyz"));
    }

    private async Task<(int Code, string Text)> AskAsync(string path)
    {
        using var metrics = new PrometheusText();
        var context = new DefaultHttpContext();
        using var body = new MemoryStream();
        (context.Request.Path, context.Response.Body) = (path, body);
        await new IngressPages(_tables, metrics).AnswerAsync(context);
        return (context.Response.StatusCode, Encoding.UTF8.GetString(body.ToArray()));
    }
}
