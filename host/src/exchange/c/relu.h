static inline float tamis_relu(float z)
{
	return z < 0.0f ? 0.0f : z;
}
