global using Fairlead.Cluster.Model;
global using Fairlead.Linux.Addresses;
global using Fairlead.State;
