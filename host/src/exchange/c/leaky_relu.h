static inline float tamis_leaky_relu(float z)
{
	return z < 0.0f ? z * 0.01f : z;
}
