"""Where route tables come from: source, image, live target, callers. Each reader yields one `RouteTable`."""
