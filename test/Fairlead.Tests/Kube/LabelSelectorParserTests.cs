using Fairlead.Kube.Selectors;

namespace Fairlead.Tests.Kube;

public sealed class LabelSelectorParserTests
{
    [Theory]
    [InlineData("", "", true)]
    [InlineData("app=web", "app=web", true)]
    [InlineData("app == web", "app=web", true)]
    [InlineData("app=web", "app=db", false)]
    [InlineData("app!=web", "", true)]
    [InlineData("app!=web", "app=web", false)]
    [InlineData("app", "app=x", true)]
    [InlineData("!app", "app=x", false)]
    [InlineData("!app", "", true)]
    [InlineData("app in (web, db)", "app=db", true)]
    [InlineData("app in (web,db),tier", "app=db", false)]
    [InlineData("app notin (web,db)", "app=x", true)]
    [InlineData("app notin (web)", "", true)]
    [InlineData("example.com/part-of=x,app in (a)", "app=a;example.com/part-of=x", true)]
    [InlineData("app=", "app=", true)]
    [InlineData("app in ()", "app=", true)]
    public void A_selector_selects_as_kubectl_expects(string selector, string labels, bool expected)
    {
        var pairs = labels.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=')).Select(pair => KeyValuePair.Create(pair[0], pair[1]));
        Assert.Equal(expected, LabelSelectorParser.Parse(selector).Matches(Labels.From(pairs)));
    }

    [Theory]
    [InlineData("=x")]
    [InlineData("app=web,")]
    [InlineData("app=we b")]
    [InlineData("app!web")]
    [InlineData("app in web")]
    [InlineData("app in (web")]
    [InlineData("app within (web)")]
    [InlineData("app in ((web))")]
    [InlineData("/app=x")]
    [InlineData("-app=x")]
    public void A_text_that_is_no_selector_is_refused(string selector) =>
        Assert.Throws<FormatException>(() => LabelSelectorParser.Parse(selector));
}
