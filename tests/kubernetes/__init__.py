"""What Kubernetes and KEDA would say of deploy/kubernetes."""
