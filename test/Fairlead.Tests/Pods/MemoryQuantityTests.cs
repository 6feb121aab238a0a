using Fairlead.Pods.Spec;

namespace Fairlead.Tests.Pods;

public sealed class MemoryQuantityTests
{
    [Theory]
    [InlineData("128974848", 128974848)]
    [InlineData("123Mi", 128974848)]
    [InlineData("129M", 129000000)]
    [InlineData("129e6", 129000000)]
    [InlineData("1.5Gi", 1610612736)]
    [InlineData("1500m", 2)]
    [InlineData("", 0)]
    [InlineData("Mi", 0)]
    [InlineData("12Xi", 0)]
    [InlineData("99999999Pi", 0)]
    public void An_amount_is_read_as_the_API_writes_it(string text, long bytes) => Assert.Equal(bytes, MemoryQuantity.Bytes(text));
}
