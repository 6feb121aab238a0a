using CsCheck;
using Fairlead.Kube.Schema;

namespace Fairlead.Tests.Schema;

public sealed class QuantityTests
{
    [Theory]
    [InlineData("0.5", "500m")]
    [InlineData("1000m", "1")]
    [InlineData("1024Mi", "1Gi")]
    [InlineData("1500Mi", "1500Mi")]
    [InlineData("1000Ki", "1000Ki")]
    [InlineData("0.5Gi", "512Mi")]
    [InlineData("1e3", "1e3")]
    [InlineData("1000", "1k")]
    [InlineData("-5", "-5")]
    [InlineData("100n", "100n")]
    [InlineData("0", "0")]
    [InlineData("0.0000000001", "1n")]
    [InlineData("2E", "2E")]
    public void An_amount_has_one_canonical_text(string text, string canonical)
    {
        Assert.True(Quantity.TryParse(text, out var quantity));
        Assert.Equal(canonical, quantity.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("1.2.3")]
    [InlineData("1 Gi")]
    [InlineData("1e99")]
    [InlineData("1Zi")]
    [InlineData("Gi")]
    public void What_is_no_amount_is_refused(string text) => Assert.False(Quantity.TryParse(text, out _));

    [Fact]
    public void Canonical_text_reads_back_as_the_same_amount() => Gen.Select(Gen.Long, Gen.OneOf("", "n", "m", "k", "M", "Ki", "Mi", "Gi", "e2", "e-3"))
        .Sample((number, suffix) =>
        {
            Assert.True(Quantity.TryParse(number + suffix, out var first));
            Assert.True(Quantity.TryParse(first.ToString(), out var second));
            Assert.Equal(first, second);
            Assert.Equal(first.ToString(), second.ToString());
        });

    [Fact]
    public void Parts_are_rounded_up()
    {
        Assert.True(Quantity.TryParse("1100m", out var quantity));
        Assert.Equal((2, 1100, 1), (quantity.Value, quantity.MilliValue, quantity.Sign));
    }
}
