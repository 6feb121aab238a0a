namespace Fairlead.Tests.Schema;

/// <summary>Documents as people write them.</summary>
internal static class Manifests
{
    public const string Deployment = """
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"production","labels":{"app":"web"},
          "annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}"},"creationTimestamp":null},
         "spec":{"replicas":3,"revisionHistoryLimit":5,"progressDeadlineSeconds":300,"minReadySeconds":5,"paused":false,
          "selector":{"matchLabels":{"app":"web"},"matchExpressions":[{"key":"tier","operator":"In","values":["front"]}]},
          "strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"25%","maxUnavailable":1}},
          "template":{"metadata":{"labels":{"app":"web","tier":"front"}},
           "spec":{"serviceAccountName":"web","automountServiceAccountToken":false,"terminationGracePeriodSeconds":60,"enableServiceLinks":false,
            "hostname":"web","subdomain":"pool","priorityClassName":"high","runtimeClassName":"gvisor","schedulerName":"default-scheduler",
            "nodeSelector":{"disktype":"ssd"},"shareProcessNamespace":true,"hostAliases":[{"ip":"10.0.0.1","hostnames":["db"]}],
            "imagePullSecrets":[{"name":"registry"}],"readinessGates":[{"conditionType":"example.com/lb"}],
            "dnsPolicy":"None","dnsConfig":{"nameservers":["10.96.0.10"],"searches":["svc.cluster.local"],"options":[{"name":"ndots","value":"2"}]},
            "securityContext":{"runAsUser":1000,"runAsGroup":1000,"runAsNonRoot":true,"fsGroup":2000,"fsGroupChangePolicy":"OnRootMismatch",
              "supplementalGroups":[3000],"seccompProfile":{"type":"RuntimeDefault"},"sysctls":[{"name":"net.core.somaxconn","value":"1024"}],
              "seLinuxOptions":{"level":"s0"},"appArmorProfile":{"type":"RuntimeDefault"}},
            "affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[
                {"key":"kubernetes.io/arch","operator":"In","values":["amd64"]}]}]},
               "preferredDuringSchedulingIgnoredDuringExecution":[{"weight":10,"preference":{"matchExpressions":[{"key":"zone","operator":"Exists"}]}}]},
              "podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":100,"podAffinityTerm":{
                "topologyKey":"kubernetes.io/hostname","labelSelector":{"matchLabels":{"app":"web"}},"namespaceSelector":{}}}]}},
            "tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}],
            "topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"topology.kubernetes.io/zone","whenUnsatisfiable":"ScheduleAnyway",
              "labelSelector":{"matchLabels":{"app":"web"}},"matchLabelKeys":["pod-template-hash"]}],
            "initContainers":[{"name":"wait","image":"busybox:1.36","command":["sh","-c","until nslookup db; do sleep 1; done"]},
              {"name":"proxy","image":"envoyproxy/envoy:v1.30","restartPolicy":"Always","ports":[{"name":"admin","containerPort":9901}]}],
            "containers":[{"name":"web","image":"nginx:1.27","imagePullPolicy":"IfNotPresent","workingDir":"/srv","stdin":false,"tty":false,
              "command":["nginx"],"args":["-g","daemon off;"],
              "ports":[{"name":"http","containerPort":8080,"protocol":"TCP"},{"name":"metrics","containerPort":9090,"hostPort":9090}],
              "env":[{"name":"A","value":"1"},{"name":"POD_IP","valueFrom":{"fieldRef":{"fieldPath":"status.podIP"}}},
                {"name":"CPU","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu","divisor":"1m"}}},
                {"name":"PW","valueFrom":{"secretKeyRef":{"name":"db","key":"password","optional":true}}}],
              "envFrom":[{"prefix":"C_","configMapRef":{"name":"settings"}},{"secretRef":{"name":"tokens"}}],
              "resources":{"requests":{"cpu":0.5,"memory":"256Mi"},"limits":{"cpu":"1000m","memory":"1024Mi","nvidia.com/gpu":1}},
              "livenessProbe":{"httpGet":{"path":"/healthz","port":"http","httpHeaders":[{"name":"X","value":"y"}]},"initialDelaySeconds":3,"periodSeconds":3},
              "readinessProbe":{"tcpSocket":{"port":8080},"failureThreshold":1},"startupProbe":{"grpc":{"port":9090,"service":"health"}},
              "lifecycle":{"preStop":{"exec":{"command":["sleep","5"]}},"postStart":{"httpGet":{"port":8080,"scheme":"HTTP"}}},
              "securityContext":{"allowPrivilegeEscalation":false,"readOnlyRootFilesystem":true,"capabilities":{"add":["NET_BIND_SERVICE"],"drop":["ALL"]}},
              "volumeMounts":[{"name":"conf","mountPath":"/etc/nginx","readOnly":true},{"name":"tmp","mountPath":"/tmp","subPath":"t"}],
              "terminationMessagePolicy":"FallbackToLogsOnError"}],
            "volumes":[{"name":"conf","configMap":{"name":"nginx","defaultMode":420,"items":[{"key":"nginx.conf","path":"nginx.conf"}]}},
              {"name":"tmp","emptyDir":{"medium":"Memory","sizeLimit":"64Mi"}},{"name":"data","persistentVolumeClaim":{"claimName":"data"}},
              {"name":"all","projected":{"sources":[{"serviceAccountToken":{"path":"token","expirationSeconds":3607}},{"configMap":{"name":"ca"}},
                {"downwardAPI":{"items":[{"path":"ns","fieldRef":{"fieldPath":"metadata.namespace"}}]}}]}},
              {"name":"host","hostPath":{"path":"/var/log","type":"Directory"}},{"name":"nfs","nfs":{"server":"nas","path":"/x"}},
              {"name":"scratch","ephemeral":{"volumeClaimTemplate":{"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}}}]}}},
         "status":{}}
        """;

    public const string LoadBalancer = """
        {"apiVersion":"v1","kind":"Service","metadata":{"name":"lb","namespace":"default","annotations":{"service.beta.kubernetes.io/aws-load-balancer-type":"nlb"}},
         "spec":{"type":"LoadBalancer","selector":{"app":"web"},"externalTrafficPolicy":"Local","internalTrafficPolicy":"Cluster","healthCheckNodePort":32000,
          "loadBalancerSourceRanges":["192.0.2.0/24"],"loadBalancerClass":"example.com/lb","allocateLoadBalancerNodePorts":true,
          "sessionAffinity":"ClientIP","sessionAffinityConfig":{"clientIP":{"timeoutSeconds":60}},"ipFamilyPolicy":"PreferDualStack","ipFamilies":["IPv4","IPv6"],
          "externalIPs":["198.51.100.1"],"publishNotReadyAddresses":true,"trafficDistribution":"PreferClose",
          "ports":[{"name":"http","port":80,"targetPort":"web","nodePort":30080,"protocol":"TCP","appProtocol":"kubernetes.io/h2c"},
                   {"name":"dns","port":53,"targetPort":5353,"protocol":"UDP"}]}}
        """;

    public const string Policy = """
        {"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"api-network-policy","namespace":"production"},
         "spec":{"podSelector":{"matchLabels":{"app":"api-server"}},"policyTypes":["Ingress","Egress"],
          "ingress":[{"from":[{"podSelector":{"matchLabels":{"app":"web-frontend"}}}],"ports":[{"protocol":"TCP","port":8080}]},
                     {"from":[{"namespaceSelector":{"matchLabels":{"name":"monitoring"}}}],"ports":[{"protocol":"TCP","port":"metrics"}]},
                     {"from":[{"ipBlock":{"cidr":"172.17.0.0/16","except":["172.17.1.0/24"]}}]}],
          "egress":[{"to":[],"ports":[{"protocol":"UDP","port":53},{"port":32000,"endPort":32768}]},
                    {"to":[{"podSelector":{"matchLabels":{"app":"postgres"}}}],"ports":[{"port":5432}]}]}}
        """;

    public const string Ingress = """
        {"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"web","namespace":"default"},
         "spec":{"ingressClassName":"nginx","tls":[{"hosts":["a.example.com"],"secretName":"tls"}],
          "rules":[{"host":"a.example.com","http":{"paths":[{"path":"/","pathType":"Prefix","backend":{"service":{"name":"web","port":{"number":80}}}}]}}]}}
        """;
}
