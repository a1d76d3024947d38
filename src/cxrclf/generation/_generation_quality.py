def generation_quality(*a, **k):
    raise NotImplementedError
