using Fairlead.Demo;
using Fairlead.Kube.Documents;

namespace Fairlead.Tests.Demo;

public sealed class LessonObjectsTests
{
    [Fact]
    public void The_program_carries_the_whole_lesson_with_policies_before_the_pods_they_select()
    {
        var kinds = LessonObjects.Read().Select(document => document.Text("kind")).ToList();

        Assert.Equal(21, kinds.Count);
        Assert.True(kinds.LastIndexOf("NetworkPolicy") < kinds.IndexOf("Pod"));
        Assert.True(kinds.LastIndexOf("Namespace") < kinds.IndexOf("NetworkPolicy"));
    }
}
